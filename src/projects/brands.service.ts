import { Inject, Injectable } from '@nestjs/common';
import { type Brand, brandWith } from './brand.js';
import { Projects } from './project.registry.js';
import { PROJECTS_CONFIG, type ProjectsConfig } from './projects-config.js';

/** The brands of projects, as customers see them. */
@Injectable()
export class Brands {
  constructor(
    @Inject(PROJECTS_CONFIG) private readonly config: ProjectsConfig,
    private readonly projects: Projects,
  ) {}

  /** The brand of a project; one that left the configuration is plain. */
  of(projectId: number): Brand {
    const project = this.projects.find(projectId);
    const set = this.config.find(({ slug }) => slug === project?.slug);
    return brandWith(set?.brand ?? {}, project?.name ?? '');
  }

  /** The brand of the first project in the configuration, for pages that belong to none. */
  first(): Brand {
    const [first] = this.config;
    return brandWith(first?.brand ?? {}, first?.name ?? '');
  }
}
