/** What must be true of a whole deployment, whatever it was merged from. */
import type { Deployment, DeploymentCluster, DeploymentService } from '../deployment.ts'
import type { Escalation } from '../escalation.ts'
import type { Problem } from '../problem.ts'

export function checkDeployment(deployment: Deployment): readonly Problem[] {
  return [
    ...uniqueBreeds(deployment),
    ...deployment.clusters.flatMap(cluster => staying(cluster).flatMap(service => checkService(deployment, cluster, service))),
    ...checkEnvironment(deployment),
    ...deployment.clusters.flatMap(cluster => checkEscalations(deployment, cluster)),
    ...(deployment.clusters.some(cluster => cluster.services.length > 0) ? [] : [problem('NoServiceError', 'Expected at least one service.', 'clusters')]),
  ]
}

export function staying(cluster: DeploymentCluster): readonly DeploymentService[] {
  return cluster.services.filter(({ intention }) => intention === 'Deployment')
}

/** `cluster.environment_variables.NAME` → its parts. */
export function clusterVariable(name: string): { readonly cluster: string; readonly name: string } | undefined {
  const [, cluster, variable] = /^([^.]+)\.environment_variables\.(.+)$/.exec(name) ?? []
  return cluster !== undefined && variable !== undefined ? { cluster, name: variable } : undefined
}

/** The value that the deployment gives to a cluster's variable. */
export function deploymentValue(deployment: Deployment, cluster: string, name: string): string | null | undefined {
  return deployment.environment_variables.find(variable => variable.name === `${cluster}.environment_variables.${name}`)?.value
}

function uniqueBreeds(deployment: Deployment): readonly Problem[] {
  const names = deployment.clusters.flatMap(cluster => cluster.services.map(({ breed }) => breed.name))
  const doubles = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return [...doubles].map(name => problem('NonUniqueBreedReferenceError', `Multiple references for breed: '${name}'.`, 'clusters'))
}

function checkService(deployment: Deployment, cluster: DeploymentCluster, { breed, environment_variables }: DeploymentService): readonly Problem[] {
  const path = `clusters/${cluster.name}/services/${breed.name}`
  const known = new Set(breed.environment_variables.map(({ name }) => name))
  const own = new Map(environment_variables.map(({ name, value }) => [name, value]))
  return [
    ...[...own.keys()].filter(name => !known.has(name)).map(name => problem('UnresolvedDependencyInTraitValueError',
      `Unresolved reference '${name}' in breed '${breed.name}'. Check if breed dependency is declared.`, `${path}/environment_variables`)),
    ...breed.environment_variables
      .filter(({ name, value }) => (own.get(name) ?? deploymentValue(deployment, cluster.name, name) ?? value) === null)
      .map(({ name }) => problem('UnresolvedVariableValueError', `Unresolved value of variable '${name}' for breed '${breed.name}'.`, `${path}/environment_variables`)),
  ]
}

function checkEnvironment(deployment: Deployment): readonly Problem[] {
  return deployment.environment_variables.filter(({ name }) => {
    const variable = clusterVariable(name)
    const cluster = deployment.clusters.find(cluster => cluster.name === variable?.cluster)
    return !cluster?.services.some(({ breed }) => breed.environment_variables.some(declared => declared.name === variable?.name))
  }).map(({ name, value }) => problem('UnresolvedEnvironmentVariableError',
    `Parameter '${name} -> ${value ?? ''}' cannot be resolved. Check if cluster exists and if it has any breed with port, environment variable or constant referable by ${name}.`, `environment_variables/${name}`))
}

function checkEscalations(deployment: Deployment, cluster: DeploymentCluster): readonly Problem[] {
  const escalations = cluster.sla?.is === 'inline' ? cluster.sla.value.escalations : []
  return escalations.flatMap(escalation => escalation.is === 'inline' ? targetsOf(escalation.value) : [])
    .filter(target => !deployment.clusters.some(({ name }) => name === target))
    .map(target => problem('UnresolvedScaleEscalationTargetCluster', `Unresolved scale escalation target cluster: '${target}'.`, `clusters/${cluster.name}/sla/escalations`))
}

function targetsOf(escalation: Escalation): readonly string[] {
  switch (escalation.type) {
    case 'to_all': case 'to_one': return escalation.escalations.flatMap(inner => inner.is === 'inline' ? targetsOf(inner.value) : [])
    case 'generic': return []
    default: return escalation.target === undefined ? [] : [escalation.target]
  }
}

const problem = (code: string, message: string, path: string): Problem => ({ code, message, path })
