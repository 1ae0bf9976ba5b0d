/** Pages of lists, as the original counts them: from 1, with `Link` and `X-Total-Count`. */
import { PER_PAGE, PER_PAGE_MAX } from '@vamp/model/api/endpoint'

export interface PageQuery { readonly page: number; readonly per_page: number }

export function pageOf(query: Readonly<Record<string, unknown>> | PageQuery): PageQuery {
  const { page, per_page } = query as Partial<PageQuery>
  return { page: page ?? 1, per_page: Math.min(per_page ?? PER_PAGE, PER_PAGE_MAX) }
}

export function slice({ page, per_page }: PageQuery): { readonly offset: number; readonly limit: number } {
  return { offset: (page - 1) * per_page, limit: per_page }
}

/** The whole list is at hand: its page, and how many there are. */
export function pageFrom<T>(all: readonly T[], query: Readonly<Record<string, unknown>> | PageQuery): { readonly items: readonly T[]; readonly total: number } {
  const { offset, limit } = slice(pageOf(query))
  return { items: all.slice(offset, offset + limit), total: all.length }
}

/** `<uri?page=1&per_page=30>; rel=first, …`; the last page of nothing is 0. */
export function links(url: string, { page, per_page }: PageQuery, total: number): string {
  const last = Math.ceil(total / per_page)
  const [path = '', query = ''] = url.split('?', 2)
  const others = new URLSearchParams(query)
  for (const name of ['page', 'per_page']) others.delete(name)
  const kept = others.size > 0 ? `${others}&` : ''
  const to = (target: number, rel: string) => `<${path}?${kept}page=${target}&per_page=${per_page}>; rel=${rel}`
  return [
    to(1, 'first'),
    ...(page > 1 ? [to(page - 1, 'prev')] : []),
    ...(page < last ? [to(page + 1, 'next')] : []),
    to(last, 'last'),
  ].join(', ')
}
