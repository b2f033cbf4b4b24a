/** Where a check is inside an object, and the errors that are worded with it. */

/** A value that its field cannot hold: the message is the one of upstream's JSON decoder. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

/** One walk over one object. Fields are pushed and popped; arrays push their index, maps their key. */
export class DecodeContext {
  /** Go's name of the struct that holds the current field, for messages. */
  struct = '';
  readonly unknownFields: string[] = [];
  private readonly fields: string[] = [];
  private readonly steps: (string | number)[] = [];

  enterField(field: string): void {
    this.fields.push(field);
    this.steps.push(field);
  }

  leaveField(): void {
    this.fields.pop();
    this.steps.pop();
  }

  /** An element of a list or map: part of the path, but not of what Go calls the field. */
  enterItem(key: string | number): void {
    this.steps.push(key);
  }

  leaveItem(): void {
    this.steps.pop();
  }

  addUnknown(field: string): void {
    this.steps.push(field);
    this.unknownFields.push(formatPath(this.steps));
    this.steps.pop();
  }

  /** `what` is Go's description of the JSON value, `type` its name of the wanted type. */
  wrongType(what: string, type: string): DecodeError {
    if (this.fields.length === 0)
      return new DecodeError(`json: cannot unmarshal ${what} into Go value of type ${type}`);
    const field = `${this.struct}.${this.fields.join('.')}`;
    return new DecodeError(`json: cannot unmarshal ${what} into Go struct field ${field} of type ${type}`);
  }
}

function formatPath(steps: readonly (string | number)[]): string {
  let path = '';
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`;
    else path += path === '' ? step : `.${step}`;
  }
  return path;
}
