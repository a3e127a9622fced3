-- The two roles and the database of the service, once on a new server, as a superuser (psql 15 or newer):
--   sudo -u postgres env BANKING_OWNER_PASSWORD=... BANKING_APP_PASSWORD=... psql -v ON_ERROR_STOP=1 < deploy/roles.sql
-- banking_owner owns the schema and runs migrations. banking_app serves: it owns nothing, and row-level security binds it.
\getenv owner_password BANKING_OWNER_PASSWORD
\getenv app_password BANKING_APP_PASSWORD
CREATE ROLE banking_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE banking_app LOGIN PASSWORD :'app_password';
CREATE DATABASE banking OWNER banking_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE banking FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE banking TO banking_app;
