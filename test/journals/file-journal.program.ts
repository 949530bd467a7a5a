/** What racing processes open: a journal in the directory that the environment names. */
import { fileJournal } from "latchgate-client/journals";

export default () => fileJournal(process.env["JOURNAL_DIRECTORY"] ?? "");
