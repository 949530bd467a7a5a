/** undici's Pool alone: its root costs three times as long to load and changes the host's fetch on Node 20. */
declare module "undici/lib/dispatcher/pool.js" {
  import { Pool } from "undici";

  export default Pool;
}
