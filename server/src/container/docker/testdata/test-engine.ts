/** A Docker engine of a test's own, with an empty image: the programs that run in it are the host's. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@vamp/agent/base/clock'
import { startPrivateDockerd, whyNoDockerd } from '../../../../../tools/private-dockerd.ts'
import type { ContainerDriver } from '../../container-driver.ts'

export const IMAGE = 'vamp-test:1'
export const HOST_PATHS = ['/bin', '/lib', '/lib64', '/usr'] as const
/** Says hello, and runs until it is asked to end. */
export const SERVE = 'trap "exit 0" TERM; echo hello; while :; do sleep 0.1; done'
/** Answers every request with its name, on its port. */
export const ANSWER = '/usr/bin/perl -MIO::Socket::INET -e \'$SIG{TERM} = sub { exit 0 }; my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die; while (my $c = $s->accept) { my $l = <$c>; print $c "HTTP/1.0 200 OK\\r\\n\\r\\n$ENV{VAMP_INSTANCE}"; close $c }\''

/** What keeps an engine from running here, or nothing. */
export const whyNoEngine = whyNoDockerd

export interface TestEngine {
  readonly host: string
  /** The command line of Docker; what it printed. */
  docker(...words: readonly string[]): string
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startTestEngine(): Promise<TestEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'vamp-dockerd-'))
  const dockerd = await startPrivateDockerd(join(directory, 'dockerd'))
  const host = `unix://${dockerd.socket}`
  spawnSync('sh', ['-c', `mkdir -p ${directory}/root/bin && tar -C ${directory}/root -c . | docker --host ${host} import - ${IMAGE}`])
  return {
    host,
    docker: (...words) => spawnSync('docker', ['--host', host, ...words]).stdout.toString().trim(),
    restart: () => dockerd.restart(),
    async stop() {
      await dockerd.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tried = 0; tried < 1000; tried++) {
    if (await condition()) return
    await systemClock.sleep(20)
  }
  throw new Error('it did not come')
}

export async function removeAll(driver: ContainerDriver): Promise<void> {
  await Promise.all((await driver.observe()).map(({ id }) => driver.stop(id, 1000)))
  await driver[Symbol.asyncDispose]()
}
