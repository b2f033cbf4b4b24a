/** Field numbers of certificates.v1; read by `messages.ts`, which explains the notation. */
export const certificatesFields = `
package certificates.v1 certificates.k8s.io/v1
CertificateSigningRequest metadata=1:!meta.ObjectMeta spec=2:!CertificateSigningRequestSpec status=3:!CertificateSigningRequestStatus
CertificateSigningRequestCondition type=1:string reason=2:string message=3:string lastUpdateTime=4:!meta.Time lastTransitionTime=5:!meta.Time status=6:string
CertificateSigningRequestSpec request=1:bytes username=2:string uid=3:string groups=4:string[] usages=5:string[] extra=6:map<string,ExtraValue> signerName=7:string expirationSeconds=8:*int32
CertificateSigningRequestStatus conditions=1:CertificateSigningRequestCondition[] certificate=2:bytes
`;
