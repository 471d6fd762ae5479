mod blob;
