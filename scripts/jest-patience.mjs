// Tests against real etcds, engines and labs wait for real things; a hanging one still ends.
import { jest } from '@jest/globals';

jest.setTimeout(180_000);
