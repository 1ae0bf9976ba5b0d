/** Stored artifacts, as planners see them. */
import type { Artifact } from '../artifact.ts'
import type { Breed } from '../breed.ts'
import type { Condition } from '../condition.ts'
import type { RouteSettings } from '../gateway.ts'
import type { Kind } from '../kind.ts'
import type { Problem } from '../problem.ts'
import type { Reference } from '../reference.ts'
import type { Scale } from '../scale.ts'

export type Lookup = (kind: Kind, name: string) => Artifact | undefined

/** Follows references, and collects the ones that lead nowhere. */
export class Resolver {
  readonly problems: Problem[] = []
  private readonly lookup: Lookup

  constructor(lookup: Lookup) {
    this.lookup = lookup
  }

  breed(reference: Reference<Breed>, path: string): Breed | undefined {
    if (reference.is === 'inline') return reference.value
    const found = this.lookup('breeds', reference.reference)
    return found?.kind === 'breeds' ? found : this.missing(reference.reference, path)
  }

  scale(reference: Reference<Scale>, path: string): Scale | undefined {
    if (reference.is === 'inline') return reference.value
    const found = this.lookup('scales', reference.reference)
    return found?.kind === 'scales' ? found : this.missing(reference.reference, path)
  }

  /** With the condition inline, too. */
  route(reference: Reference<RouteSettings>, path: string): RouteSettings | undefined {
    if (reference.is === 'inline') return this.withCondition(reference.value, path)
    const found = this.lookup('routes', reference.reference)
    if (found?.kind !== 'routes') return this.missing(reference.reference, path)
    const { kind: _kind, name: _name, ...settings } = found
    return this.withCondition(settings, path)
  }

  private withCondition(settings: RouteSettings, path: string): RouteSettings {
    const { condition, ...rest } = settings
    if (!condition) return settings
    const value = this.condition(condition, `${path}/condition`)
    return value ? { ...rest, condition: { is: 'inline', value } } : rest
  }

  private condition(reference: Reference<Condition>, path: string): Condition | undefined {
    if (reference.is === 'inline') return reference.value
    const found = this.lookup('conditions', reference.reference)
    return found?.kind === 'conditions' ? { ...found, name: '' } : this.missing(reference.reference, path)
  }

  private missing(name: string, path: string): undefined {
    this.problems.push({ code: 'ArtifactNotFound', message: `Artifact cannot be found: '${name}'.`, path })
    return undefined
  }
}
