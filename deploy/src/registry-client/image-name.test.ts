import { formatImageName, ImageNameError, isDockerHubName, parseImageName } from './image-name.js';

describe('parseImageName', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.22', 'docker.io/library/nginx:1.22'],
    ['team/app', 'docker.io/team/app:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/team/app:v1', 'docker.io/team/app:v1'],
    ['ghcr.io/team/app:v1', 'ghcr.io/team/app:v1'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['registry.example.com:5000/a/b/c:v1', 'registry.example.com:5000/a/b/c:v1'],
    ['a__b/c-d.e:T_1', 'docker.io/a__b/c-d.e:T_1'],
  ])('reads %s as %s', (text, full) => {
    expect(formatImageName(parseImageName(text))).toBe(full);
  });

  it('keeps a digest', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(parseImageName(`nginx@${digest}`)).toMatchObject({ repository: 'library/nginx', digest });
  });

  it.each(['', 'Nginx', 'nginx:', 'a//b', 'nginx:tag with space', 'nginx@sha256:short', '-x', 'a:b:c', 'nginx:.x'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseImageName(text)).toThrow(ImageNameError);
    },
  );
});

describe('isDockerHubName', () => {
  it.each([
    ['nginx', true],
    ['docker.io/team/app', true],
    ['ghcr.io/team/app', false],
    [`nginx@sha256:${'a'.repeat(64)}`, false],
  ])('%s: %s', (text, expected) => {
    expect(isDockerHubName(parseImageName(text))).toBe(expected);
  });
});
