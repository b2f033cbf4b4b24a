/** Operations that answer about the API itself. */
import type { GroupVersionName } from './document-input.js';
import { groupNames, groupVersionPath } from './operation.js';

export interface DiscoveryOperation {
  readonly path: string;
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  /** Definition of the answer. */
  readonly answer: string;
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

export const coreVersions: DiscoveryOperation = {
  path: '/api/',
  id: 'getCoreAPIVersions',
  description: 'get available API versions',
  tag: 'core',
  answer: `${meta}.APIVersions`,
};

export const groupList: DiscoveryOperation = {
  path: '/apis/',
  id: 'getAPIVersions',
  description: 'get available API versions',
  tag: 'apis',
  answer: `${meta}.APIGroupList`,
};

export const serverVersion: DiscoveryOperation = {
  path: '/version/',
  id: 'getCodeVersion',
  description: 'get the version information for this server',
  tag: 'version',
  answer: 'io.k8s.apimachinery.pkg.version.Info',
};

export function groupOperation(group: string): DiscoveryOperation {
  const { id, tag } = groupNames(group, '');
  return {
    path: `/apis/${group}/`,
    id: `get${id}APIGroup`,
    description: 'get information of a group',
    tag: tag.replace(/_$/, ''),
    answer: `${meta}.APIGroup`,
  };
}

export function resourcesOperation({ group, version }: GroupVersionName): DiscoveryOperation {
  const { id, tag } = groupNames(group, version);
  return {
    path: `${groupVersionPath(group, version)}/`,
    id: `get${id}APIResources`,
    description: 'get available resources',
    tag,
    answer: `${meta}.APIResourceList`,
  };
}
