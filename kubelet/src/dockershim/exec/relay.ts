/**
 * The program that runs in a pod's network namespace: listens on a unix socket, reads a port number in a line, and answers `ok` and then that port of
 * localhost, or why there is none. It is handed over as source text, so it may use nothing but its arguments and Node's globals.
 */
export function relay(net: typeof import('node:net'), path: string): void {
  const dial = (
    hosts: readonly string[],
    port: number,
    done: (error: Error | null, socket?: import('node:net').Socket) => void,
  ): void => {
    const socket = net.connect({ host: hosts[0] ?? '', port, allowHalfOpen: true });
    const refused = (error: Error): void => {
      if (hosts.length === 1) done(error);
      // What the first one says is what people know.
      else dial(hosts.slice(1), port, (_, other) => done(error, other));
    };
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.off('error', refused);
      done(null, socket);
    });
  };
  const serve = (client: import('node:net').Socket): void => {
    let line = '';
    client.on('error', () => client.destroy());
    const readPort = (): void => {
      for (let byte = client.read(1) as Buffer | null; byte; byte = client.read(1) as Buffer | null) {
        if (byte[0] !== 0x0a) {
          line += byte.toString('latin1');
          continue;
        }
        client.off('readable', readPort);
        dial(['127.0.0.1', '::1'], Number(line), (error, target) => {
          if (!target) {
            client.end(`${error ? error.message : 'unknown error'}\n`);
            return;
          }
          target.on('error', () => client.destroy());
          client.on('close', () => target.destroy());
          client.write('ok\n');
          client.pipe(target);
          target.pipe(client);
        });
        return;
      }
    };
    client.on('readable', readPort);
  };
  const server = net.createServer({ allowHalfOpen: true }, serve);
  server.listen(path, () => process.stdout.write('ready\n'));
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('close', () => process.exit(0));
}
