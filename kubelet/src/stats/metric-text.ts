export interface Family {
  name: string;
  type: 'counter' | 'gauge';
  help: string;
}

/** Prometheus' text format, families in the order of their first use. */
export class MetricText {
  readonly #families = new Map<string, string[]>();

  /** Nothing when there is no value. */
  add({ name, type, help }: Family, labels: Record<string, string>, value: number | undefined): void {
    if (value === undefined) return;
    const lines = this.#families.get(name) ?? [`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`];
    const pairs = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`);
    lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`);
    this.#families.set(name, lines);
  }

  toString(): string {
    return `${[...this.#families.values()].flat().join('\n')}\n`;
  }
}
