export { chooseLocale, formatMoment } from './algorithm/locale.js';
export { oneLine, render, templateProblem, type TemplateValues, tidyLines } from './algorithm/render.js';
