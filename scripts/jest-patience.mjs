// Tests against real etcds, engines and labs wait for real things, and a busy machine makes every test slow; a hanging one still ends.
import { jest } from '@jest/globals';

jest.setTimeout(180_000);
