-- What a new card makes come to nothing: the certificates of an update that was open.
create index certificate_unconfirmed on certificate (holder_id) where state = 'unconfirmed';
