/** Field numbers of node.v1; read by `messages.ts`, which explains the notation. */
export const nodeFields = `
package node.v1 node.k8s.io/v1
Overhead podFixed=1:map<string,Quantity>
RuntimeClass metadata=1:!meta.ObjectMeta handler=2:string overhead=3:Overhead scheduling=4:Scheduling
Scheduling nodeSelector=1:map<string,string> tolerations=2:core.v1.Toleration[]
`;
