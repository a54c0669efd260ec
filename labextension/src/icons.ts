/** The icon of the sidebar, the status item and the toolbar button. */
import { LabIcon } from '@jupyterlab/ui-components';

/** An open box with a lock's keyhole: packages that belong to the notebook. */
const PACKAGES_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="M12 1.6 21.2 6.4v11.2L12 22.4 2.8 17.6V6.4L12 1.6zm0 2.26L6.02 6.98 12 10.1l5.98-3.12L12 3.86zM4.8 8.6v7.79l6.2 3.23v-7.79L4.8 8.6zm14.4 0L13 11.83v7.79l6.2-3.23V8.6z"/>
  <path class="jp-icon3" fill="#616161" d="M15.1 12.9a1.35 1.35 0 0 1 2.2 1.04c0 .44-.2.8-.5 1.05l.5 1.9-2.2 1.1.3-2.5a1.35 1.35 0 0 1-.3-2.59z"/>
</svg>`;

export const packagesIcon = new LabIcon({
  name: 'jupyter-pyartifacts:packages',
  svgstr: PACKAGES_SVG
});
