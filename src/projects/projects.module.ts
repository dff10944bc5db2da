import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ProjectScopes } from '../platform/auth/project.scope.js';
import { Projects } from './project.registry.js';
import { ProjectStore } from './registry/project.store.js';
import { ProjectsController } from './registry/projects.controller.js';

/** Which apps there are, and the keys by which they report. */
@Module({
  controllers: [ProjectsController],
  providers: [ProjectStore, Projects],
  exports: [Projects],
})
export class ProjectsModule implements OnApplicationBootstrap {
  constructor(
    private readonly projects: Projects,
    scopes: ProjectScopes,
  ) {
    scopes.nameBy((id) => projects.find(id)?.slug);
    scopes.register('project', async (id) => projects.find(id)?.id);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.projects.sync();
  }
}
