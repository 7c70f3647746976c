/** Returns the address of a state backend in S3, as `pulumi login` and IDP_BACKEND_<STACK> take it. */
export function backendUrl({ bucket, region }: { bucket: string; region: string }): string {
  return `s3://${bucket}?region=${region}`;
}
