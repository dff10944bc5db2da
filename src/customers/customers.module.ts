import { Module } from '@nestjs/common';
import { ProjectsModule } from '../projects/projects.module.js';
import { CustomerStore } from './directory/customer.store.js';
import { CustomersController } from './directory/customers.controller.js';
import { ChunkWriter } from './import/chunk.writer.js';
import { CustomerImporter } from './import/customer.importer.js';
import { ImportStore } from './import/import.store.js';
import { CustomerDirectory } from './public.js';
import { Suppressions } from './suppressions.service.js';
import { SuppressionStore } from './suppressions/suppression.store.js';
import { SuppressionsController } from './suppressions/suppressions.controller.js';

/** KNOW: the directory of customers. */
@Module({
  imports: [ProjectsModule],
  controllers: [CustomersController, SuppressionsController],
  providers: [
    CustomerStore,
    CustomerDirectory,
    CustomerImporter,
    ChunkWriter,
    ImportStore,
    SuppressionStore,
    Suppressions,
  ],
  exports: [CustomerDirectory, CustomerImporter, Suppressions],
})
export class CustomersModule {}
