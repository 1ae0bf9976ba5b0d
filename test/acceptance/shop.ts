/** The shop whose releases are watched, as its owner would write it down. */

export const breed = (name: string, fields = '') => `
kind: breed
name: ${name}
deployable: {type: process, definition: shop ${name}}
ports: {http: 8080/http}
${fields}
---`

/** Two instances of the version behind port 9050. */
export const shop = (version: string) => `${breed(version)}
kind: deployment
name: shop
gateways: {9050: web/http}
clusters: {web: {services: [{breed: "${version}", scale: {cpu: 0.2, memory: 64MB, instances: 2}}]}}
`

/** Clocks of a minute instead of five, unless the fields say something else. */
export const release = (name: string, to: string, fields: { readonly cluster?: string; readonly keep?: string; readonly clock?: string; readonly more?: string } = {}) => `
kind: release
name: ${name}
deployment: shop
cluster: ${fields.cluster ?? 'web'}
to: ${to}
keep: ${fields.keep ?? '5s'}
clock: {minimum: 60s, load_check: 10s, warm_up: 5s, hold_back: 5s${fields.clock === undefined ? '' : `, ${fields.clock}`}}
${fields.more ?? ''}
`
