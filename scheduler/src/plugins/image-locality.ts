import { maxScore, type Plugin, type SchedulingContext } from '../framework.js';
import type { NodeInfo } from '../snapshot/node-info.js';

const megabyte = 1024 * 1024;
const smallest = 23 * megabyte;
const largestPerContainer = 1000 * megabyte;

/** Prefers nodes that have the pod's large images, less so when few nodes have them (lest everything piles up there). */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  prepare({ pod, nodes }: SchedulingContext) {
    const images = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ image = '' }) =>
      normalizeImage(image),
    );
    const holders = new Map(images.map((image) => [image, nodes.filter((info) => imageSize(info, image) > 0).length]));
    const largest = largestPerContainer * images.length;
    return {
      score: (info) => {
        const sum = images.reduce(
          (total, image) => total + (imageSize(info, image) * (holders.get(image) ?? 0)) / Math.max(1, nodes.length),
          0,
        );
        const clamped = Math.min(Math.max(sum, smallest), largest);
        return Math.floor((maxScore * (clamped - smallest)) / (largest - smallest));
      },
    };
  },
};

function imageSize({ node }: NodeInfo, image: string): number {
  const found = node.status?.images?.find(({ names }) => names?.some((name) => name === image));
  return found?.sizeBytes ?? 0;
}

/** Names without a tag mean `latest`. */
function normalizeImage(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
