import { ensureBaseImages } from '../../images/base-image.js';
import { ensureEverydayArchive, everydayImages, everydayNames } from '../../images/everyday-images.js';
import { ensureLabImages } from '../../images/lab-images.js';
import { removeOwnImages } from '../../images/owned-images.js';
import type { Step } from '../../progress/steps.js';
import { found, type UpContext } from '../context.js';

export const baseImages: Step<UpContext> = {
  title: 'Base images',
  async run(context, report) {
    const bases = await ensureBaseImages({
      docker: found(context, 'docker'),
      owner: context.lab.owner,
      cache: context.lab.cache,
      report,
    });
    context.found.bases = bases;
    return bases.source === 'docker-hub'
      ? 'from Docker Hub'
      : 'made from Debian packages (Docker Hub cannot be reached)';
  },
};

export const labImages: Step<UpContext> = {
  title: 'Lab images',
  async run(context, report) {
    const { root, owner } = context.lab;
    const bases = found(context, 'bases');
    const docker = found(context, 'docker');
    const { images, built } = await ensureLabImages({ docker, root, owner, bases, report });
    context.found.images = images;
    if (built.length === 0) return 'up to date';
    context.changes.push(`built ${built.join(', ')}`);
    return `built ${built.join(', ')}`;
  },
};

/** Without Docker Hub a cluster would have nothing to run. */
export const everydayArchive: Step<UpContext> = {
  title: 'Everyday images',
  skip: (context) => (found(context, 'bases').source === 'docker-hub' ? 'nodes pull from Docker Hub' : undefined),
  async run(context, report) {
    const { root, owner, cache } = context.lab;
    const bases = found(context, 'bases');
    context.found.everydayArchive = await ensureEverydayArchive({ root, owner, cache, bases, report });
    const names = everydayImages(root).map(({ folder }) => folder);
    return `${names.join(', ')} from Debian packages stand in for Docker Hub's`;
  },
};

/** What this lab was made of before its sources changed. */
export const oldImages: Step<UpContext> = {
  title: 'Old images',
  async run(context) {
    const { root, owner } = context.lab;
    const { base, node } = found(context, 'bases');
    const current = [base, node, ...Object.values(found(context, 'images')), ...everydayNames(root, owner)];
    const { removed } = await removeOwnImages(found(context, 'docker'), owner, current);
    if (removed.length === 0) return 'none';
    context.changes.push(`removed ${removed.join(', ')}`);
    return `removed ${removed.join(', ')}`;
  },
};
