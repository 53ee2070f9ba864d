-- What was sent at the door about goods is kept by the field. Orders' commands that could not be read were kept with all that was
-- in them, names and addresses too: they go, and whatever else was refused for a field that nobody knows.
DELETE FROM tb_sy_door_adit WHERE adit_knd_cd = 'COMMAND' AND (
    coalesce(json_extract(adit_dtl, '$.type'), '') NOT IN
    ('receive_stock', 'adjust_stock', 'create_sku', 'create_product', 'create_template', 'create_promotion',
     'create_gift_promotion', 'change_gift_promotion', 'create_campaign', 'create_partner', 'change_partner', 'change_product',
     'change_template', 'change_campaign')
    OR EXISTS (SELECT 1 FROM json_each(adit_dtl) AS field WHERE field.key NOT IN
        ('active', 'actor', 'address', 'allotted', 'at', 'bundled', 'campaign_id', 'closes_at',
         'delivery_fee', 'free_delivery', 'free_threshold', 'gift_promotion_id', 'gift_quantity', 'gift_sku_ids', 'holder_id', 'id',
         'kind', 'lead_time_days', 'limit_per_customer', 'main_product_ids', 'main_quantity', 'name', 'opens_at', 'option_name',
         'partner_id', 'points_rate_bp', 'pre_refund', 'price', 'product_id', 'product_type', 'promotion_id', 'quantity',
         'rate_bp', 'reason', 'sku_id', 'stock_policy', 'template_id', 'type', 'when_sold_out', 'zip')));

ALTER TABLE tb_sy_door_adit ADD COLUMN accs_plc TEXT NOT NULL DEFAULT ''; -- 접속지: address that the request came from; behind a proxy also what the proxy says
ALTER TABLE tb_sy_door_adit ADD COLUMN cmd_dgst TEXT NOT NULL DEFAULT ''; -- 명령다이제스트: who sent what, of COMMAND: the same sent again is one row
CREATE UNIQUE INDEX tb_sy_door_adit_cmd ON tb_sy_door_adit (cmd_dgst) WHERE cmd_dgst <> '';
