/** The ImageService. */
import { CriError } from '@kubelab/proto/cri-error';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type { ImageFilesystem } from './image/filesystem.js';
import type { Images } from './image/images.js';

export function createImageService(images: Images, filesystem: ImageFilesystem): Partial<cri.ImageService> {
  return {
    listImages: async ({ filter }) => ({ images: await images.list(filter) }),
    imageStatus: async ({ image }) => ({ image: await images.status(reference(image)) }),
    pullImage: async ({ image, auth }, { signal }) => ({ imageRef: await images.pull(reference(image), auth, signal) }),
    removeImage: async ({ image }) => {
      await images.remove(reference(image));
      return {};
    },
    imageFsInfo: async () => {
      const usage = await filesystem.usage();
      return { imageFilesystems: [usage], containerFilesystems: [usage] };
    },
  };
}

function reference(image: cri.ImageSpec | null): string {
  if (!image?.image) throw new CriError('INVALID_ARGUMENT', 'image must be named');
  return image.image;
}
