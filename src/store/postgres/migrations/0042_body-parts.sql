-- Parts of small bodies fill a page each (body-parts.ts): the server is not to cut them into pieces of 2 KB as it does with longer rows.
ALTER TABLE chunk SET (toast_tuple_target = 8160);
