import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ProjectScopes } from '../platform/auth/project.scope.js';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/db/database.js';
import { Brands } from './brands.service.js';
import { ProjectKeys } from './keys.service.js';
import { Projects } from './project.registry.js';
import { KeysController } from './registry/keys.controller.js';
import { ProjectStore } from './registry/project.store.js';
import { ProjectsController } from './registry/projects.controller.js';

/** Which apps there are, and the keys by which they report. */
@Module({
  controllers: [ProjectsController, KeysController],
  providers: [
    ProjectStore,
    Projects,
    Brands,
    {
      provide: ProjectKeys,
      useFactory: (database: Database, clock: Clock) => new ProjectKeys(database, clock),
      inject: [Database, Clock],
    },
  ],
  exports: [Projects, Brands],
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
