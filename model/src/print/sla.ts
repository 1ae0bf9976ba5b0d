import type { Escalation } from '../escalation.ts'
import type { Sla } from '../sla.ts'
import { type Json, optional, printHeader, printReference } from './fields.ts'

export function printSla(sla: Sla): Json {
  const escalations = { escalations: sla.escalations.map(item => printReference(item, printEscalation)) }
  const header = printHeader(sla)
  switch (sla.type) {
    case 'escalation_only': return { ...header, type: sla.type, ...escalations }
    case 'response_time_sliding_window': return { ...header, type: sla.type, threshold: sla.threshold, window: sla.window, ...escalations }
    case 'generic': return { ...header, type: sla.type_name, ...sla.parameters, ...escalations }
  }
}

export function printEscalation(escalation: Escalation): Json {
  const header = printHeader(escalation)
  switch (escalation.type) {
    case 'to_all':
    case 'to_one': return { ...header, type: escalation.type, escalations: escalation.escalations.map(item => printReference(item, printEscalation)) }
    case 'scale_instances':
    case 'scale_cpu':
    case 'scale_memory': {
      const { type, minimum, maximum, scale_by } = escalation
      return { ...header, type, minimum, maximum, scale_by, ...optional('target', escalation.target) }
    }
    case 'generic': return { ...header, type: escalation.type_name, ...escalation.parameters }
  }
}
