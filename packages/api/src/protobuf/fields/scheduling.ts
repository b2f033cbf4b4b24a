/** Field numbers of scheduling.v1; read by `messages.ts`, which explains the notation. */
export const schedulingFields = `
package scheduling.v1 scheduling.k8s.io/v1
PriorityClass metadata=1:!meta.ObjectMeta value=2:int32 globalDefault=3:bool description=4:string preemptionPolicy=5:*string
`;
