import { matrixOf } from './support/matrix.js';

matrixOf('opencode');
