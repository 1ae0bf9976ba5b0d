/** A condition in a policy, as named ACLs of its frontend. */
import { aclsOf } from '@vamp/model/condition/acl'
import { parseCondition } from '@vamp/model/condition/parse'
import { Fault } from '@vamp/model/fault'
import { aclWords, quote } from './quote.ts'

/** `condition`: names, with ` or ` between the terms; '' if it is always fulfilled. */
export function conditionAcls(text: string): { readonly acls: readonly string[]; readonly condition: string } {
  const parsed = parseCondition(text)
  const acls = parsed.is === 'ok' ? aclsOf(parsed.value) : parsed
  if (acls.is === 'refused') throw new Fault('proxy_refused', 'the condition cannot be carried out', { reason: acls.problems.map(({ message }) => message).join(' ') })
  const { value } = acls
  return {
    acls: value.acls.map(({ name, definition }) => `acl ${name} ${aclWords(definition).map(quote).join(' ')}`),
    condition: value.never ? 'FALSE' : value.condition,
  }
}
