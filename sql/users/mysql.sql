-- MySQL 8.4, 9 and MariaDB: a database and three users, none of whom may do more than their work needs.
-- Change the passwords, and '%' to the machines that may come in; run as an administrator, then `hyperwatt db upgrade`
-- as hyperwatt_owner and everything else as hyperwatt. Tableau, notebooks and people come as hyperwatt_reader.
-- LOAD DATA LOCAL needs no right of its own, but the server must allow it: SET GLOBAL local_infile = 1.

CREATE DATABASE IF NOT EXISTS hyperwatt CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE USER IF NOT EXISTS 'hyperwatt_owner'@'%' IDENTIFIED BY 'change-me-1';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW
    ON hyperwatt.* TO 'hyperwatt_owner'@'%';

CREATE USER IF NOT EXISTS 'hyperwatt'@'%' IDENTIFIED BY 'change-me-2';
GRANT SELECT, INSERT, UPDATE, DELETE ON hyperwatt.* TO 'hyperwatt'@'%';

CREATE USER IF NOT EXISTS 'hyperwatt_reader'@'%' IDENTIFIED BY 'change-me-3';
GRANT SELECT, SHOW VIEW ON hyperwatt.* TO 'hyperwatt_reader'@'%';
