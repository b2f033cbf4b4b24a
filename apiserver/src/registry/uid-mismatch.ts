/** What a write on an object of another life is told: the error of upstream's storage, which it passes on as it is. */
export function uidMismatch(path: string, wanted: string, found: string): string {
  const why = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
  return `StorageError: invalid object, Code: 4, Key: ${path}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
}
