/** Signals that may end a container, by the pod's operating system, in the order of messages. */

const plain =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const realTime = [
  'RTMIN',
  ...upTo(15).map((number) => `RTMINPLUS${number}`),
  ...upTo(14).map((number) => `RTMAXMINUS${number}`),
  'RTMAX',
];

const signals: Readonly<Record<string, readonly string[]>> = {
  linux: [...plain.split(' '), ...realTime].map((name) => `SIG${name}`).sort(),
  windows: ['SIGKILL', 'SIGTERM'],
};

/** Undefined for a system that is not known. */
export function stopSignalsOf(os: string): readonly string[] | undefined {
  return Object.hasOwn(signals, os) ? signals[os] : undefined;
}
