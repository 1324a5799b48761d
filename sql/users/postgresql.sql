-- PostgreSQL: three users of the database hyperwatt, none of whom may do more than their work needs.
-- First: CREATE DATABASE hyperwatt ENCODING 'UTF8'. Then, in that database and as an administrator, this file with the
-- passwords changed; then `hyperwatt db upgrade` as hyperwatt_owner and everything else as hyperwatt. Tableau, notebooks
-- and people come as hyperwatt_reader.

CREATE ROLE hyperwatt_owner LOGIN PASSWORD 'change-me-1';
CREATE ROLE hyperwatt LOGIN PASSWORD 'change-me-2';
CREATE ROLE hyperwatt_reader LOGIN PASSWORD 'change-me-3';

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO hyperwatt_owner;
GRANT USAGE ON SCHEMA public TO hyperwatt, hyperwatt_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE hyperwatt_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hyperwatt;
ALTER DEFAULT PRIVILEGES FOR ROLE hyperwatt_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO hyperwatt_reader;
