/** Field numbers of coordination.v1; read by `messages.ts`, which explains the notation. */
export const coordinationFields = `
package coordination.v1 coordination.k8s.io/v1
Lease metadata=1:!meta.ObjectMeta spec=2:!LeaseSpec
LeaseSpec holderIdentity=1:*string leaseDurationSeconds=2:*int32 acquireTime=3:meta.MicroTime renewTime=4:meta.MicroTime leaseTransitions=5:*int32 strategy=6:*string preferredHolder=7:*string
`;
