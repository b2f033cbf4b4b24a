/** What the engine says about itself, asked once and again after it was restarted. */
import type Docker from 'dockerode';
import { engineCall } from './errors.js';

export interface EngineFacts {
  version: string;
  rootDir: string;
  cgroupDriver: string;
  /** The engine's name for what it runs containers with: `runc`. */
  defaultRuntime: string;
  /** Security modules the engine applies: `seccomp`, `apparmor`, `selinux`. */
  securityModules: ReadonlySet<string>;
}

export class EngineFactsSource {
  private facts: Promise<EngineFacts> | undefined;

  constructor(private readonly docker: Docker) {}

  /** Rejects with CriError UNAVAILABLE while the engine does not answer. */
  get(): Promise<EngineFacts> {
    this.facts ??= this.read().catch((error: unknown) => {
      this.facts = undefined;
      throw error;
    });
    return this.facts;
  }

  /** To be called when the engine may be another one than before. */
  forget(): void {
    this.facts = undefined;
  }

  private async read(): Promise<EngineFacts> {
    const info = await engineCall('get the engine information', () => this.docker.info());
    const options = (info.SecurityOptions ?? []) as string[];
    return {
      version: info.ServerVersion,
      rootDir: info.DockerRootDir,
      cgroupDriver: info.CgroupDriver,
      defaultRuntime: info.DefaultRuntime,
      securityModules: new Set(options.map((option) => /name=([a-z]+)/.exec(option)?.[1] ?? '')),
    };
  }
}
