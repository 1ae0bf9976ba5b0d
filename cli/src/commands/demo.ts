/** `vamp demo`: the story of a shop, told on a server of its own. */
import { contract } from '@vamp/model/api/contract'
import { ApiError } from '@vamp/client/api-error'
import { openClient } from '@vamp/client/client'
import { Command, CommanderError, Option } from 'commander'
import { runDemo } from '../demo/run.ts'
import type { StoryApi } from '../demo/story.ts'
import { EXIT } from '../exit-code.ts'
import { inOrder, joined, nameOfBody, readDocuments } from '../files.ts'
import type { Io } from '../io.ts'
import type { Environment } from '../options.ts'

interface Flags { readonly gateway: 'auto' | 'haproxy' | 'embedded'; readonly containers: 'process' | 'docker'; readonly docker: string; readonly port: string; readonly data: string; readonly exit?: boolean; readonly json?: boolean }

export async function demo(args: readonly string[], io: Io, environment: Environment): Promise<number> {
  const command = new Command('vamp demo').description('A small shop, one good release and two bad ones, judged on live traffic; about four minutes.').exitOverride()
    .configureOutput({ writeOut: text => io.out(text), writeErr: text => io.err(text) })
    .addOption(new Option('--gateway <driver>', 'what routes the requests').choices(['auto', 'haproxy', 'embedded']).default('auto'))
    .addOption(new Option('--containers <driver>', 'what runs the services').choices(['process', 'docker']).default('process'))
    .option('--docker <address>', 'the Docker engine', environment['VAMP_DOCKER'] ?? 'unix:///var/run/docker.sock').option('--port <port>', 'of the server', '8080').option('--data <directory>', 'where the server keeps its state', '.vamp/demo')
    .option('--exit', 'end when the story has ended').option('--json', 'print the result as one line of JSON')
  try {
    command.parse([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.helpDisplayed') return EXIT.ok
    throw error
  }
  const { gateway, containers, docker, port, data, exit = false, json = false } = command.opts<Flags>()
  return runDemo({ gateway, containers, docker, port: Number(port), data, exit, json, path: environment['PATH'] ?? '' }, url => storyApi(url, io))
}

function storyApi(url: string, io: Io): StoryApi {
  const client = openClient({ url, sleep: ms => io.sleep(ms) })
  return {
    async apply(file) {
      const bodies = inOrder(await readDocuments([file], io)).map(({ body }) => body)
      const sources = bodies.flatMap(body => body.is === 'artifact' && body.artifact.kind === 'blueprints' ? [body.source, `kind: deployments\nname: ${nameOfBody(body)}\n`] : [body.source])
      await client.call(contract.documents.put, { body: joined(sources) })
    },
    async release(name) {
      try {
        const { data } = await client.call(contract.releases.status, { path: { name } })
        return { ...data, judge: null }
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }
    },
    async gateway(name) {
      const { data } = await client.call(contract.gateways.get, { path: { gateway: name } })
      return { deployed: data.deployed, ...(data.state.problem === undefined ? {} : { problem: data.state.problem }) }
    },
    async ready(deployment) {
      const { data } = await client.call(contract.deployments.get, { path: { deployment } })
      return Object.fromEntries(Object.values(data.clusters).flatMap(({ services }) => services.map(({ breed, health }) => [breed.name, health.healthy])))
    },
  }
}
