import { Module } from '@nestjs/common';
import { ProjectsModule } from '../projects/projects.module.js';
import { CustomerStore } from './directory/customer.store.js';
import { CustomersController } from './directory/customers.controller.js';
import { CustomerImporter } from './directory/customer.importer.js';
import { CustomerDirectory } from './public.js';

/** KNOW: the directory of customers. */
@Module({
  imports: [ProjectsModule],
  controllers: [CustomersController],
  providers: [CustomerStore, CustomerDirectory, CustomerImporter],
  exports: [CustomerDirectory, CustomerImporter],
})
export class CustomersModule {}
