import { Module } from '@nestjs/common';
import { ProjectsModule } from '../projects/projects.module.js';
import { CustomerStore } from './directory/customer.store.js';
import { CustomersController } from './directory/customers.controller.js';
import { ChunkWriter } from './import/chunk.writer.js';
import { CustomerImporter } from './import/customer.importer.js';
import { ImportStore } from './import/import.store.js';
import { CustomerDirectory } from './public.js';

/** KNOW: the directory of customers. */
@Module({
  imports: [ProjectsModule],
  controllers: [CustomersController],
  providers: [CustomerStore, CustomerDirectory, CustomerImporter, ChunkWriter, ImportStore],
  exports: [CustomerDirectory, CustomerImporter],
})
export class CustomersModule {}
