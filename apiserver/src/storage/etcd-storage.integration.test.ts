import { startEtcd } from '@kubelab/testkit/etcd';
import { connectEtcd } from './etcd/client.js';
import { openStorage } from './etcd-storage.js';
import { describeStorage } from './storage-suite.js';

describeStorage('etcd', async () => {
  const etcd = await startEtcd();
  const endpoints = [etcd.endpoint];
  const storage = await openStorage({ endpoints });
  const other = await openStorage({ endpoints });
  const client = connectEtcd({ endpoints });
  return {
    storage,
    other,
    compact: async () => client.compact((await client.currentRevision()).revision),
    close: async () => {
      client.close();
      await storage.close();
      await other.close();
      await etcd.stop();
    },
  };
});
