import { matrixOf } from './support/matrix.js';

matrixOf('gemini');
