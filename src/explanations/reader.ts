export { dateLocale, formatMoment } from './algorithm/locale.js';
export {
  cut,
  greetingName,
  oneLine,
  render,
  templateProblem,
  type TemplateValues,
  tidyLines,
} from './algorithm/render.js';
