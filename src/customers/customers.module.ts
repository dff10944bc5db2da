import { Module } from '@nestjs/common';
import { CustomerStore } from './customer.store.js';
import { CustomersController } from './customers.controller.js';
import { CustomerImporter } from './customer.importer.js';
import { CustomerDirectory } from './public.js';

/** KNOW: the directory of customers. */
@Module({
  controllers: [CustomersController],
  providers: [CustomerStore, CustomerDirectory, CustomerImporter],
  exports: [CustomerDirectory, CustomerImporter],
})
export class CustomersModule {}
