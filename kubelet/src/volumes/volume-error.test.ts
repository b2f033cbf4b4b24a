import { MountStepError, mountError, VolumeUnknownError } from './volume-error.js';

test('a volume that cannot be set up is told of by the name the pod gives it', () => {
  expect(mountError([{ volume: 'v', error: new Error('configmap "x" not found') }]).problems).toEqual([
    'MountVolume.SetUp failed for volume "v" : configmap "x" not found',
  ]);
});

test('a step that failed has its own words, and the name of the persistent volume', () => {
  const error = new MountStepError('NodeAffinity check', 'pv-1', new Error('no matching NodeSelectorTerms'));
  expect(mountError([{ volume: 'data', error }]).problems).toEqual([
    'MountVolume.NodeAffinity check failed for volume "pv-1" : no matching NodeSelectorTerms',
  ]);
});

test('what cannot be processed is one sentence, with all that is not mounted', () => {
  const missing = new VolumeUnknownError('error processing PVC shop/disk: PVC is not bound');
  const strange = new VolumeUnknownError('failed to get Plugin');
  const failures = [
    { volume: 'z', error: missing },
    { volume: 'b', error: new Error('no') },
    { volume: 'a', error: strange },
    { volume: 'c', error: missing },
  ];
  expect(mountError(failures).problems).toEqual([
    'MountVolume.SetUp failed for volume "b" : no',
    'Unable to attach or mount volumes: unmounted volumes=[a b c z], unattached volumes=[], failed to process volumes=[a c z]: error processing PVC shop/disk: PVC is not bound; failed to get Plugin',
  ]);
});

test('what is thrown need not be an error', () => {
  expect(mountError([{ volume: 'v', error: 'broken' }]).message).toBe(
    'MountVolume.SetUp failed for volume "v" : broken',
  );
});
