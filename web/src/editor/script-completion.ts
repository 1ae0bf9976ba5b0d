/** What `vamp` offers scripts, for whoever writes one: the members of `@vamp/client/workflow`, each in a few words. */

export interface Suggestion { readonly label: string; readonly detail: string; readonly apply?: string }

const one = (label: string, detail: string, apply?: string): Suggestion => ({ label, detail, ...(apply === undefined ? {} : { apply }) })

/** By what stands before the dot. */
export const MEMBERS: Readonly<Record<string, readonly Suggestion[]>> = {
  vamp: [
    one('log', 'a line for the log of this run', 'log()'), one('sleep', 'seconds', 'sleep()'), one('waitFor', 'asks until it is so', 'waitFor(async () => )'),
    one('event', 'that began this run'), one('due', 'the moment of the schedule'), one('key', 'the same for every attempt'), one('attempt', 'number of this attempt'), one('dry', 'nothing may be changed'), one('env', 'settings'), one('name', 'of this workflow'), one('run', 'id of this run'),
    one('metrics', 'what visitors got', "metrics('', { since: '1m' })"), one('scale', 'the size of a service', "scale('', { instances: 1 })"),
    one('deployments', 'what runs'), one('gateways', 'ways to it'), one('releases', 'new versions'), one('events', 'what happened'), one('artifacts', 'everything that is stored'), one('state', 'what outlives the run'),
    one('get', 'any endpoint', "get('/')"), one('put', 'any endpoint', "put('/', {})"), one('post', 'any endpoint', "post('/', {})"), one('delete', 'any endpoint', "delete('/')"), one('all', 'every page of a list', "all('/')"),
  ],
  'vamp.deployments': [one('list', 'all of them', 'list()'), one('get', 'one', "get('')"), one('deploy', 'a blueprint, merged into what runs', "deploy('', '')"), one('undeploy', 'all of it', "undeploy('')"), one('instances', 'that run', 'instances()'), one('kill', 'ends one instance', "kill('')")],
  'vamp.gateways': [one('list', 'all of them', 'list()'), one('get', 'one', "get('')"), one('put', 'a whole one', "put('', {})"), one('weigh', 'shares of routes', "weigh('', {})"), one('route', 'fields of one route', "route('', '', {})")],
  'vamp.releases': [one('list', 'where each is', 'list()'), one('start', 'begin one', "start('', {})"), one('status', 'where it is', "status('')"), one('order', 'pause, resume, promote, abort, rollback', "order('', 'pause')")],
  'vamp.events': [one('publish', 'tell one', "publish([''], )"), one('publishAll', 'tell several', 'publishAll([])'), one('query', 'ask what happened', "query({ tags: [''] })"), one('aggregate', 'one number of many', "aggregate({ tags: [''] }, 'count')"), one('stream', 'as they happen', "stream({ tags: [''] })")],
  'vamp.artifacts': [one('list', 'of a kind', "list('')"), one('get', 'one', "get('', '')"), one('put', 'one', "put('', '', {})"), one('delete', 'one', "delete('', '')"), one('apply', 'YAML documents', "apply('')")],
  'vamp.state': [one('get', 'what is remembered', "get('')"), one('set', 'remember', "set('', )"), one('delete', 'forget', "delete('')")],
  'vamp.env': [],
}

/** For the text before the cursor: where the word begins, and what it may become. */
export function completeScript(before: string): { readonly from: number; readonly suggestions: readonly Suggestion[] } | undefined {
  const [, path, word = ''] = /(?:^|[^\w.])(vamp(?:\.\w+)?)\.(\w*)$/.exec(before) ?? []
  if (path !== undefined) return { from: before.length - word.length, suggestions: MEMBERS[path] ?? [] }
  const start = /(?:^|[^\w.])(v\w*)$/.exec(before)?.[1]
  return start !== undefined && 'vamp'.startsWith(start) ? { from: before.length - start.length, suggestions: [one('vamp', 'everything that scripts can do')] } : undefined
}
