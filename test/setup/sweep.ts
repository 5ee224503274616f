import { sweepAbandonedHomes } from "../helpers/daemon-home.ts";

// Ends the daemons of test processes that were killed.
sweepAbandonedHomes();
