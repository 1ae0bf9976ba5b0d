/** What is stored: a breed of ordinary size. */
export function breed(index: number): object {
  return {
    name: nameOf(index), kind: 'breeds', metadata: { team: 'shop', build: index },
    deployable: { type: 'container/docker', definition: `registry.example/shop/web:${index}` },
    ports: { web: '8080/http', admin: '8081/http' }, environment_variables: { LOG_LEVEL: 'info', BACKEND: '$backend.host:$backend.ports.api' },
    constants: {}, arguments: [], dependencies: { backend: 'backend:1.0.0' },
  }
}

export function nameOf(index: number): string {
  return `web-${String(index).padStart(7, '0')}`
}
