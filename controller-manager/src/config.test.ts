import { validate } from './config.js';
import { controllers, selectControllers } from './manager/registry.js';
import { configWith } from './testing/config.js';

describe('validate', () => {
  test('the defaults with a kubeconfig are fine', () => {
    expect(validate(configWith({}))).toEqual([]);
  });

  test('every problem is told', () => {
    const problems = validate(
      configWith({
        kubeconfig: '',
        'tls-cert-file': 'a',
        'leader-elect-renew-deadline': 20_000,
        'concurrent-syncs': 0,
        'cluster-cidr': 'pods',
        'legacy-token-secrets': true,
      }),
    );
    expect(problems.join('\n')).toMatch(/--kubeconfig is required/);
    expect(problems.length).toBeGreaterThanOrEqual(6);
  });
});

describe('--controllers', () => {
  const namesOf = (...list: string[]) => selectControllers(configWith({ controllers: list })).map(({ name }) => name);

  test('an unknown name is refused with the names there are', () => {
    expect(() => namesOf('deploymnt')).toThrow(
      '--controllers: there is no "deploymnt"; there are deployment-controller,',
    );
    expect(() => namesOf('*', '-deploymnt')).toThrow('there is no "-deploymnt"'.replace('-', ''));
  });

  test('one can be left out, or named alone', () => {
    expect(namesOf('*', '-deployment-controller')).not.toContain('deployment-controller');
    expect(namesOf('deployment-controller')).toEqual(['deployment-controller']);
  });

  test('names are unique', () => {
    expect(new Set(controllers.map(({ name }) => name)).size).toBe(controllers.length);
  });
});
