import { matrixOf } from './support/matrix.js';

matrixOf('claude-code');
